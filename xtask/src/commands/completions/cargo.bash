# `cargo xtask`: complete as `xtask` what follows, and leave everything else to cargo's own completion.
_cargo_with_xtask() {
    if [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[1]} == xtask ]]; then
        COMP_WORDS=("${COMP_WORDS[@]:1}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _xtask xtask "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        return
    fi
    if ! declare -F _cargo >/dev/null && declare -F _completion_loader >/dev/null; then
        _completion_loader cargo
        complete -F _cargo_with_xtask -o nosort -o bashdefault -o default cargo
    fi
    if declare -F _cargo >/dev/null; then
        _cargo "$@"
    fi
    if [[ $COMP_CWORD -eq 1 && xtask == "${COMP_WORDS[1]}"* ]]; then
        COMPREPLY+=(xtask)
    fi
}
complete -F _cargo_with_xtask -o nosort -o bashdefault -o default cargo
