# `cargo xtask`: cargo's own completion calls this for the command `xtask`.
_cargo-xtask() {
    _xtask "$@"
}
# Where cargo has no completion, complete this one command.
if [[ -z ${_comps[cargo]-} ]]; then
    _cargo_xtask_alone() {
        if (( CURRENT > 2 )) && [[ ${words[2]} == xtask ]]; then
            shift words
            (( CURRENT-- ))
            _xtask
        elif (( CURRENT == 2 )); then
            compadd xtask
        fi
    }
    compdef _cargo_xtask_alone cargo
fi
