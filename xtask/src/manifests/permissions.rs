//! Data: what the controller may do, and why it must: the one place from which roles and their documentation are made;
//! and what users of the plugin must be allowed to do.
//!
//! `crates/controller/tests/controller/permissions.rs` compares it with the requests that the controller really makes:
//! none is missing, and none is granted without use. `crates/rollouts/tests/plugin` runs the plugin's commands with what
//! the document grants.

use serde_json::{Value, json};

/// One rule of a role.
pub struct Permission {
    /// API group; "" is Kubernetes' core.
    pub group: &'static str,
    /// Kinds, in their plural, and subresources.
    pub resources: &'static [&'static str],
    /// What may be done.
    pub verbs: &'static [&'static str],
    /// What it is needed for.
    pub why: &'static str,
}

/// Needed wherever there are Rollouts.
pub const FOR_ROLLOUTS: &[Permission] = &[
    Permission {
        group: "argoproj.io",
        resources: &["rollouts"],
        verbs: &["get", "list", "watch", "patch"],
        why: "Follow Rollouts; make sure that one still lives before a ReplicaSet is adopted for it; annotate its \
              revision.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["rollouts/status"],
        verbs: &["patch"],
        why: "Tell how an update goes.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["rollouts/finalizers"],
        verbs: &["update"],
        why: "Own ReplicaSets and AnalysisRuns in clusters that check who may block the deletion of an owner (the \
              admission plugin OwnerReferencesPermissionEnforcement, as in OpenShift).",
    },
    Permission {
        group: "argoproj.io",
        resources: &["experiments"],
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        why: "Make the Experiments that Rollouts ask for, tell how they go, end and clean them up; look at one whose name is \
              taken, and make sure that one has not changed before anything is made for it.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["experiments/finalizers"],
        verbs: &["update"],
        why: "Own ReplicaSets, Services and AnalysisRuns, as with Rollouts.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["analysisruns"],
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        why: "Make the runs that Rollouts and Experiments ask for, write what was measured, end and clean them up; look at one whose name \
              is taken.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["analysisruns/finalizers"],
        verbs: &["update"],
        why: "Own Jobs in clusters that check this.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["analysistemplates"],
        verbs: &["list", "watch"],
        why: "Make runs of the templates that Rollouts and Experiments refer to.",
    },
    Permission {
        group: "batch",
        resources: &["jobs"],
        verbs: &["get", "list", "watch", "create", "delete"],
        why: "Measure metrics by Jobs: make them, look how they do, end and clean them up.",
    },
    Permission {
        group: "",
        resources: &["secrets"],
        verbs: &["get"],
        why: "Read the Secrets that arguments of runs, or the credentials of sources of metrics, refer to.",
    },
    Permission {
        group: "apps",
        resources: &["replicasets"],
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        why: "Every revision is a ReplicaSet: create, scale, adopt, annotate and clean up; look at one whose name is \
              taken.",
    },
    Permission {
        group: "apps",
        resources: &["deployments"],
        verbs: &["get", "list", "watch", "patch"],
        why: "Take the pod template of `workloadRef`, scale the Deployment down, and give its replicas back.",
    },
    Permission {
        group: "",
        resources: &["podtemplates"],
        verbs: &["get", "list", "watch"],
        why: "Take the pod template of `workloadRef`.",
    },
    Permission {
        group: "",
        resources: &["services"],
        verbs: &["list", "watch", "create", "patch", "delete"],
        why: "Point the stable, canary, active and preview Services at their pods; make those of Experiments, and clean \
              them up.",
    },
    Permission {
        group: "",
        resources: &["pods"],
        verbs: &["list", "patch"],
        why: "Find pods to restart; put the metadata of their role on running pods.",
    },
    Permission {
        group: "",
        resources: &["pods/eviction"],
        verbs: &["create"],
        why: "Restart pods within their disruption budgets.",
    },
    Permission {
        group: "",
        resources: &["events"],
        verbs: &["create", "patch"],
        why: "Record what was done and why something failed.",
    },
];

/// Needed where traffic is routed, each by those who use that router.
pub const FOR_ROUTERS: &[Permission] = &[
    Permission {
        group: "",
        resources: &["endpoints"],
        verbs: &["get"],
        why: "All routers: send traffic to a version when its Service leads to its pods, and not before.",
    },
    Permission {
        group: "networking.k8s.io",
        resources: &["ingresses"],
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        why: "NGINX and AWS load balancers: put the weights into annotations; make canary Ingresses, and clean them up.",
    },
    Permission {
        group: "networking.istio.io",
        resources: &["virtualservices", "destinationrules"],
        verbs: &["get", "list", "watch", "patch"],
        why: "Istio: set the weights, routes and subsets.",
    },
    Permission {
        group: "split.smi-spec.io",
        resources: &["trafficsplits"],
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        why: "SMI: make the TrafficSplit, set its weights, and clean it up.",
    },
    Permission {
        group: "traefik.io",
        resources: &["traefikservices", "ingressroutes"],
        verbs: TRAEFIK,
        why: "Traefik: set the weights; make what managed routes need, and clean it up.",
    },
    Permission {
        group: "traefik.containo.us",
        resources: &["traefikservices", "ingressroutes"],
        verbs: TRAEFIK,
        why: "The same of Traefik 2, with `--traefik-api-version`.",
    },
    Permission {
        group: "apisix.apache.org",
        resources: &["apisixroutes"],
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        why: "APISIX: set the weights; make what managed routes need, and clean it up.",
    },
    Permission {
        group: "getambassador.io",
        resources: &["mappings"],
        verbs: AMBASSADOR,
        why: "Ambassador: make canary Mappings, set their weights, and clean them up.",
    },
    Permission {
        group: "x.getambassador.io",
        resources: &["ambassadormappings"],
        verbs: AMBASSADOR,
        why: "The same of the developer preview, with `--ambassador-api-version`.",
    },
    Permission {
        group: "appmesh.k8s.aws",
        resources: &["virtualservices"],
        verbs: &["get", "list", "watch"],
        why: "App Mesh: find the router of a VirtualService.",
    },
    Permission {
        group: "appmesh.k8s.aws",
        resources: &["virtualrouters", "virtualnodes"],
        verbs: &["get", "list", "watch", "patch"],
        why: "App Mesh: set the weights, and the pods that nodes select.",
    },
    Permission {
        group: "gateway.networking.k8s.io",
        resources: &["httproutes", "grpcroutes", "tcproutes", "tlsroutes"],
        verbs: &["get", "list", "watch", "patch"],
        why: "Gateway API: set the weights and managed rules.",
    },
    Permission {
        group: "elbv2.k8s.aws",
        resources: &["targetgroupbindings"],
        verbs: &["list"],
        why: "AWS load balancers: find the target groups that must have the pods, with `--aws-verify-target-group`.",
    },
    Permission {
        group: "",
        resources: &["services", "endpoints"],
        verbs: &["get"],
        why: "The same: find the addresses of these pods.",
    },
];

const TRAEFIK: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];
const AMBASSADOR: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];

/// Needed by a controller of the whole cluster besides.
pub const FOR_CLUSTERS: &[Permission] = &[Permission {
    group: "argoproj.io",
    resources: &["clusteranalysistemplates"],
    verbs: &["list", "watch"],
    why: "Make runs of the templates that Rollouts and Experiments refer to. Not with `--namespaced`.",
}];

/// Needed in the namespace that the controller runs in.
pub const FOR_ITSELF: &[Permission] = &[Permission {
    group: "coordination.k8s.io",
    resources: &["leases"],
    verbs: &["create", "get", "update"],
    why: "Leader election: at most one controller works at a time.",
}];

/// Needed by people who look at Rollouts with the plugin. The role `view` has it, if `deploy/install.yaml` is applied.
pub const FOR_VIEWERS: &[Permission] = &[
    Permission {
        group: "argoproj.io",
        resources: &["rollouts"],
        verbs: &["get", "list", "watch"],
        why: "`get rollout`, `list rollouts`, `status`; completion of names.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["experiments"],
        verbs: &["get", "list", "watch"],
        why: "`get rollout`, `get experiment`, `list experiments`; completion of names.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["analysisruns"],
        verbs: &["list", "watch"],
        why: "`get rollout`, `get experiment`; completion of names.",
    },
    Permission {
        group: "apps",
        resources: &["replicasets"],
        verbs: &["list", "watch"],
        why: "`get rollout`, `get experiment`; completion of revisions.",
    },
    Permission { group: "", resources: &["pods"], verbs: &["list", "watch"], why: "`get rollout`, `get experiment`." },
];

/// Needed besides by people who steer them. The role `edit` has it.
pub const FOR_OPERATORS: &[Permission] = &[
    Permission {
        group: "argoproj.io",
        resources: &["rollouts/status"],
        verbs: &["patch"],
        why: "`abort`, `promote`, `retry rollout`.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["rollouts"],
        verbs: &["patch"],
        why: "`pause`, `restart`, `undo`; `promote` of a rollout that `pause` has paused.",
    },
    Permission { group: "argoproj.io", resources: &["rollouts"], verbs: &["update"], why: "`set image`." },
    Permission {
        group: "apps",
        resources: &["deployments"],
        verbs: &["get", "update", "patch"],
        why: "`set image` and `undo` of a Rollout whose `workloadRef` is a Deployment; other kinds likewise.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["experiments"],
        verbs: &["patch"],
        why: "`retry experiment`, `terminate experiment`.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["analysisruns"],
        verbs: &["patch"],
        why: "`terminate analysisrun`.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["rollouts", "experiments", "analysistemplates", "analysisruns"],
        verbs: &["create"],
        why: "`create`, of what is in the file; `create analysisrun`.",
    },
    Permission {
        group: "argoproj.io",
        resources: &["analysistemplates"],
        verbs: &["get", "list"],
        why: "`create analysisrun --from`, and its completion.",
    },
    Permission {
        group: "",
        resources: &["configmaps", "secrets"],
        verbs: &["get"],
        why: "`notifications`: `argo-rollouts-notification-configmap` and `argo-rollouts-notification-secret`.",
    },
];

/// The rules of a role.
pub fn rules<'a>(permissions: impl IntoIterator<Item = &'a Permission>) -> Value {
    let rule = |p: &Permission| json!({ "apiGroups": [p.group], "resources": p.resources, "verbs": p.verbs });
    permissions.into_iter().map(rule).collect()
}

/// The table for readers.
pub fn document() -> String {
    let mut text = String::from(
        "<!-- Generated by `cargo xtask gen` from xtask/src/manifests/permissions.rs. -->\n\n\
         # Permissions of the controller\n\n\
         These are the rules of the ClusterRole in `deploy/install.yaml`, and of the Role in \
         `deploy/namespace-install.yaml`. A test compares them with the requests that the controller makes: none is \
         missing, and none is granted without use.\n",
    );
    table(&mut text, "Where there are Rollouts", FOR_ROLLOUTS);
    table(&mut text, "Where traffic is routed", FOR_ROUTERS);
    table(&mut text, "In the whole cluster", FOR_CLUSTERS);
    table(&mut text, "In the namespace of the controller", FOR_ITSELF);
    text.push_str(
        "\n# Permissions of the plugin's users\n\n\
         The plugin has no rights of its own: it is whom the kubeconfig says, or `--as`. These are needed in the namespaces \
         of the Rollouts; with `--all-namespaces`, in the whole cluster. A test runs the commands with just these on a real \
         API server. Kubernetes' own roles `view` and `edit` have them, too, since `deploy/install.yaml` adds our kinds to \
         them. Completion of `--namespace` needs `list` of `namespaces`, and offers nothing without. What `explain`, `diff` \
         and `history` read besides, and do without if they must, stands in [explain.md](explain.md#how-to-read-an-explanation).\n",
    );
    table(&mut text, "To look", FOR_VIEWERS);
    table(&mut text, "To steer, besides", FOR_OPERATORS);
    text
}

fn table(text: &mut String, title: &str, permissions: &[Permission]) {
    text.push_str(&format!("\n## {title}\n\n| API group | resources | verbs | what for |\n|---|---|---|---|\n"));
    for Permission { group, resources, verbs, why } in permissions {
        let group = if group.is_empty() { "core" } else { group };
        let resources = resources.iter().map(|r| format!("`{r}`")).collect::<Vec<_>>().join(", ");
        text.push_str(&format!("| {group} | {resources} | {} | {why} |\n", verbs.join(", ")));
    }
}
