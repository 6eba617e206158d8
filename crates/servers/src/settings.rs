//! The settings of `platform/*.toml`, which `tidewatch up` and Nix share.
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Returns the settings of a file in `platform/`, which is embedded in the program, as a `LazyLock`.
macro_rules! settings {
    ($file:literal) => {
        std::sync::LazyLock::new(|| {
            let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../platform/", $file));
            $crate::settings::read($file, text)
        })
    };
}
pub(crate) use settings;

/// Settings by name.
pub(crate) type Section = BTreeMap<String, Setting>;

/// A value in a server's configuration.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Setting {
    Switch(bool),
    Number(i64),
    Text(String),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Switch(on) => on.fmt(f),
            Setting::Number(number) => number.fmt(f),
            Setting::Text(text) => text.fmt(f),
        }
    }
}

/// Parses an embedded file. A test of each server reads its file, so an invalid file can't be released.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("platform/{file}: {error}"))
}
