# fish completion for kubectl-argo-rollouts                    -*- shell-script -*-

function __kubectl_argo_rollouts_ask
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end

# Prints the candidates, with their descriptions behind a tab.
function __kubectl_argo_rollouts_candidates
    set -l lines (__kubectl_argo_rollouts_ask)
    set -l directive (string replace ':' '' -- $lines[-1])
    if test -z "$directive"; or test (math "$directive % 2") -eq 1
        return
    end
    # Candidates of a flag's value do not repeat the flag.
    set -l flag (string match -r -- '^-[^=]*=' (commandline -ct))
    or set flag ''
    for line in $lines[1..-2]
        echo $flag$line
    end
    if test (count $lines) -eq 1
        set -l current (string replace -- "$flag" '' (commandline -ct))
        if test (math "floor($directive / 16) % 2") -eq 1
            for line in (__fish_complete_directories $current)
                echo $flag$line
            end
        else if test (math "floor($directive / 4) % 2") -eq 0
            for line in (__fish_complete_path $current)
                echo $flag$line
            end
        end
    end
end

complete -c kubectl-argo-rollouts -e
complete -c kubectl-argo-rollouts -f -k -a '(__kubectl_argo_rollouts_candidates)'
