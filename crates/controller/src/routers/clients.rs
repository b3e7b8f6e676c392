//! Which API server has the objects of a router.

use rollouts_kube::Rest;
use rollouts_traffic::Kind;

/// API group of Istio's VirtualServices and DestinationRules.
const ISTIO: &str = "networking.istio.io";

/// The controller's own cluster, and the primary one of a mesh, where Istio reads its configuration.
pub(crate) struct Clients {
    own: (kube::Client, Rest),
    istio: Option<(kube::Client, Rest)>,
}

impl Clients {
    pub fn new(own: &kube::Client, istio_primary: Option<&kube::Client>) -> Self {
        let both = |client: &kube::Client| (client.clone(), Rest::new(client.clone()));
        Clients { own: both(own), istio: istio_primary.map(both) }
    }

    /// For watches.
    pub fn of(&self, kind: &Kind) -> &kube::Client {
        &self.pair(kind).0
    }

    /// For single requests.
    pub fn rest(&self, kind: &Kind) -> &Rest {
        &self.pair(kind).1
    }

    fn pair(&self, kind: &Kind) -> &(kube::Client, Rest) {
        self.istio.as_ref().filter(|_| kind.group == ISTIO).unwrap_or(&self.own)
    }
}
