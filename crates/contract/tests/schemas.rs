//! The schemas in git match the types.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_schemas_in_git_are_generated_from_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let generated = tidewatch_contract::schemas();
    for (name, text) in &generated {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(&committed, text, "{name} has drifted: run `cargo xtask generate`");
    }
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // xtask generates the OpenAPI documents.
    let committed = names.filter(|name| !name.ends_with(".openapi.json")).count();
    assert_eq!(committed, generated.len(), "a schema without a type");
}
