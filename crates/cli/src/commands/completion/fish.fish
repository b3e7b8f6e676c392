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
    if test (math "$directive % 2") -eq 1
        return
    end
    for line in $lines[1..-2]
        echo $line
    end
    if test (count $lines) -eq 1 -a (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path (commandline -ct)
    end
end

complete -c kubectl-argo-rollouts -e
complete -c kubectl-argo-rollouts -f -a '(__kubectl_argo_rollouts_candidates)'
