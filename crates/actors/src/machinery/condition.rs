use k8s_openapi::api::core::v1::Pod;

/// The status (`True`, `False`, `Unknown`) of a pod's condition.
pub(crate) fn cond<'a>(pod: &'a Pod, kind: &str) -> Option<&'a str> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|c| c.type_ == kind).map(|c| c.status.as_str())
}
