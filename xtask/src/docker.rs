//! The Docker engine; the only importer of bollard.
