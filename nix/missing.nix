# What to say about each of these options that has neither a value nor a default.
lib: options:
map (option: "the option ${lib.showOption option.loc} needs a value") (
  lib.filter (option: !(option ? default || option.isDefined)) (
    lib.collect lib.isOption (removeAttrs options [ "_module" ])
  )
)
