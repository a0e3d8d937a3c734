//! The YAML of `manifests/`: read once, checked, ordered; the only importer of serde_yaml.
