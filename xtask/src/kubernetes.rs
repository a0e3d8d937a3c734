//! Clusters through their API; the only importer of kube.
