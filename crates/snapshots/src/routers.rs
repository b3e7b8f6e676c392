//! The objects of traffic routers: some are found only in others.

use rollouts_api::Rollout;
use rollouts_kube::{RequestError, Resource};
use rollouts_traffic::{Kind, Objects, Settings, Want};
use std::future::Future;

/// How often routers are asked what they want besides what they have seen. The longest chain has three links; more
/// must be a circle.
const ROUNDS_MAX: usize = 8;

/// What the routers of a Rollout look at.
#[derive(Debug, Default)]
pub struct Found {
    /// As it is.
    pub objects: Objects,
    /// Why something cannot be read. A user or an administrator must do something about that.
    pub unreadable: Option<String>,
}

/// Who looks at objects of routers.
pub trait Looks: Sync {
    /// Adds what is there of `want`.
    fn look(&self, want: &Want, found: &mut Found) -> impl Future<Output = Result<(), RequestError>> + Send;
}

/// All that the routers of a Rollout want to see, and what they wanted.
///
/// # Errors
/// Of a request that may work the next time.
pub async fn closure(
    ro: &Rollout,
    settings: &Settings,
    looks: &impl Looks,
) -> Result<(Found, Vec<Want>), RequestError> {
    let (mut found, mut seen) = (Found::default(), Vec::new());
    for round in 0.. {
        let mut wants = rollouts_core::router_wants(ro, settings, &found.objects);
        wants.retain(|want| !seen.contains(want));
        if round == ROUNDS_MAX
            && let Some(want) = wants.first()
        {
            let last = kind_of(want);
            found.unreadable = Some(format!("the objects of its routers lead on without end, by way of {last}"));
            break;
        }
        if wants.is_empty() {
            break;
        }
        for want in wants {
            if !seen.contains(&want) {
                looks.look(&want, &mut found).await?;
                seen.push(want);
            }
        }
    }
    Ok((found, seen))
}

/// The resource of a kind.
pub fn resource_of(kind: &Kind) -> Resource {
    let Kind { group, version, kind, plural } = kind.clone();
    Resource { group, version, kind, plural, namespaced: true }
}

fn kind_of(want: &Want) -> &Kind {
    match want {
        Want::Named(at) => &at.kind,
        Want::Selected { kind, .. } => kind,
    }
}
