//! Routers of service meshes, by what is in their objects afterwards.

mod app_mesh;
mod hostile;
mod istio_hosts;
mod istio_managed;
mod istio_subsets;
mod world;
