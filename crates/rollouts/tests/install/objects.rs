//! What is applied.

/// The objects that matter of an installation of the Go controller: its names, labels and selector, with what ours
/// does not have.
pub fn of_the_go_controller() -> String {
    let labels = "{app.kubernetes.io/component: rollouts-controller, app.kubernetes.io/name: argo-rollouts, \
                  app.kubernetes.io/part-of: argo-rollouts}";
    format!(
        "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: argo-rollouts, labels: {labels}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: argo-rollouts, labels: {labels}}}
rules:
- {{apiGroups: [argoproj.io], resources: [rollouts, rollouts/status], verbs: [get, list, watch, update, patch]}}
- {{apiGroups: [''], resources: [secrets, configmaps], verbs: [get, list, watch]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: argo-rollouts, labels: {labels}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app.kubernetes.io/name: argo-rollouts}}}}
  template:
    metadata: {{labels: {{app.kubernetes.io/name: argo-rollouts}}}}
    spec:
      serviceAccountName: argo-rollouts
      securityContext: {{runAsNonRoot: true}}
      containers:
      - name: argo-rollouts
        image: example.com/argo-rollouts:v1
        ports: [{{containerPort: 8090, name: metrics}}, {{containerPort: 8080, name: healthz}}]
        volumeMounts:
        - {{name: plugin-bin, mountPath: /home/argo-rollouts/plugin-bin}}
        - {{name: tmp, mountPath: /tmp}}
      volumes:
      - {{name: plugin-bin, emptyDir: {{}}}}
      - {{name: tmp, emptyDir: {{}}}}
"
    )
}

/// A canary with Services and the metadata of roles.
pub fn canary() -> String {
    let service = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}\n---\n"
        )
    };
    format!(
        "{}{}{}",
        service("web-stable"),
        service("web-canary"),
        "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  revisionHistoryLimit: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: 'shop/web:a'}]}
  strategy:
    canary:
      stableService: web-stable
      canaryService: web-canary
      stableMetadata: {labels: {role: stable}}
      canaryMetadata: {labels: {role: canary}}
      steps: [{setWeight: 50}, {pause: {}}]
"
    )
}

/// A blue-green whose template is a Deployment's.
pub fn blue_green() -> String {
    "
apiVersion: v1
kind: Service
metadata: {name: app-active}
spec: {selector: {app: app}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: app-preview}
spec: {selector: {app: app}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 2
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: main, image: 'shop/app:a'}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: app}
spec:
  replicas: 2
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: app, scaleDown: onsuccess}
  strategy:
    blueGreen:
      activeService: app-active
      previewService: app-preview
      autoPromotionEnabled: false
      scaleDownDelaySeconds: 1
"
    .into()
}
