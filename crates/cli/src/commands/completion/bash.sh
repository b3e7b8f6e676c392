# bash completion for kubectl-argo-rollouts                    -*- shell-script -*-

__kubectl_argo_rollouts() {
    local line directive=0 words_so_far=("${COMP_WORDS[@]:1:COMP_CWORD}") current="${COMP_WORDS[COMP_CWORD]}"
    local candidates=()
    # COMP_WORDBREAKS splits --flag=value into three words; the program wants one.
    if [[ ${COMP_LINE:0:COMP_POINT} =~ [[:space:]](-[^[:space:]]*=[^[:space:]]*)$ ]]; then
        local joined="${BASH_REMATCH[1]}"
        while ((${#words_so_far[@]})) && [[ ${words_so_far[-1]} != -* ]]; do unset 'words_so_far[-1]'; done
        words_so_far[${#words_so_far[@]}-1]="$joined"
    fi
    while IFS= read -r line; do
        if [[ $line == :* ]]; then directive="${line#:}"; else candidates+=("$line"); fi
    done < <("${COMP_WORDS[0]}" __completeNoDesc "${words_so_far[@]}" 2>/dev/null)
    COMPREPLY=()
    ((directive & 1)) && return
    for line in "${candidates[@]}"; do
        [[ $line == "$current"* ]] && COMPREPLY+=("$line")
    done
    if ((${#COMPREPLY[@]} == 0 && !(directive & 4))); then
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}

complete -F __kubectl_argo_rollouts kubectl-argo-rollouts
