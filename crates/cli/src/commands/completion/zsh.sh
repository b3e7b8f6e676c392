#compdef kubectl-argo-rollouts

_kubectl-argo-rollouts() {
    local line directive=0
    local -a candidates ending
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${line#:}
        else
            # _describe takes the description behind a colon.
            candidates+=("${${line//:/\\:}/$'\t'/:}")
        fi
    done < <("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    (( directive & 1 )) && return 1
    # Candidates of a flag's value do not repeat the flag.
    [[ ${words[CURRENT]} == -*=* ]] && compset -P '*='
    (( directive & 2 )) && ending=(-S '')
    if (( ${#candidates} )); then
        if (( directive & 32 )); then
            _describe -V 'completions' candidates "${ending[@]}"
        else
            _describe 'completions' candidates "${ending[@]}"
        fi
    elif (( directive & 16 )); then
        _files -/
    elif (( ! (directive & 4) )); then
        _files
    fi
}

if [[ "$funcstack[1]" = "_kubectl-argo-rollouts" ]]; then
    _kubectl-argo-rollouts
else
    compdef _kubectl-argo-rollouts kubectl-argo-rollouts
fi
