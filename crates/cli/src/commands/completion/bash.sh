# bash completion for kubectl-argo-rollouts                    -*- shell-script -*-

# Prints the words before the cursor, one a line. Bash splits words also at `=` and `:`; the program wants them whole.
__kubectl_argo_rollouts_words() {
    local line="${COMP_LINE:0:COMP_POINT}" word="" part space i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        space="${line%%[![:space:]]*}"
        line="${line#"$space"}"
        if ((i > 0)) && [[ -n $space ]]; then
            printf '%s\n' "$word"
            word=""
        fi
        # The cursor may be within the last one.
        if ((i == COMP_CWORD)); then part="$line"; else part="${COMP_WORDS[i]}"; fi
        word+="$part"
        line="${line#"$part"}"
    done
    printf '%s\n' "$word"
}

# Takes off the candidates what readline leaves in front of them: the word up to the last of its breaks.
__kubectl_argo_rollouts_trim() {
    local typed="$1" kept="" part mark
    for mark in = :; do
        [[ $COMP_WORDBREAKS == *$mark* && $typed == *$mark* ]] || continue
        part="${typed%"${typed##*"$mark"}"}"
        ((${#part} > ${#kept})) && kept="$part"
    done
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

__kubectl_argo_rollouts() {
    local line directive=0 typed current flag="" kind=-f words=() candidates=() modern=""
    [[ $(type -t compopt) == builtin ]] && modern=1
    while IFS= read -r line; do words+=("$line"); done < <(__kubectl_argo_rollouts_words)
    typed="${words[${#words[@]} - 1]}"
    current="$typed"
    while IFS= read -r line; do
        if [[ $line == :* ]]; then directive="${line#:}"; else candidates+=("$line"); fi
    done < <("${words[0]}" __completeNoDesc "${words[@]:1}" 2>/dev/null)
    COMPREPLY=()
    ((directive & 1)) && return
    # Candidates of a flag's value do not repeat the flag.
    if [[ $typed == -*=* ]]; then
        flag="${typed%%=*}="
        current="${typed#*=}"
    fi
    for line in "${candidates[@]}"; do
        [[ $line == "$current"* ]] && COMPREPLY+=("$flag$line")
    done
    if ((${#COMPREPLY[@]} == 0 && !(directive & 4))); then
        [[ $modern ]] && compopt -o filenames
        ((directive & 16)) && kind=-d
        while IFS= read -r line; do COMPREPLY+=("$flag$line"); done < <(compgen $kind -- "$current")
    elif [[ $modern ]]; then
        ((directive & 2)) && compopt -o nospace
        ((directive & 32)) && compopt -o nosort 2>/dev/null
    fi
    ((${#COMPREPLY[@]})) && __kubectl_argo_rollouts_trim "$typed"
}

complete -F __kubectl_argo_rollouts kubectl-argo-rollouts
