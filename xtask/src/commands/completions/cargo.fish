# `cargo xtask`: complete the rest of the line as if it began with `xtask`.
function __fish_cargo_xtask
    set -l rest (string replace --regex '^\s*cargo\s+xtask' xtask -- (commandline --current-process --cut-at-cursor | string collect))
    complete --do-complete "$rest"
end
complete -c cargo -n '__fish_use_subcommand' -f -a xtask -d 'The life cycle of this repository'
complete -c cargo -n '__fish_seen_subcommand_from xtask' -f -a '(__fish_cargo_xtask)'
