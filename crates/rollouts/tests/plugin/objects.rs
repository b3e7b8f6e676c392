//! What is applied.

/// The Rollout of the getting-started guide, in a hurry: pauses of a second instead of ten.
pub fn getting_started() -> String {
    "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: rollouts-demo}
spec:
  replicas: 5
  strategy:
    canary:
      steps:
      - setWeight: 20
      - pause: {}
      - setWeight: 40
      - pause: {duration: 1}
      - setWeight: 60
      - pause: {duration: 1}
      - setWeight: 80
      - pause: {duration: 1}
  revisionHistoryLimit: 5
  selector: {matchLabels: {app: rollouts-demo}}
  template:
    metadata: {labels: {app: rollouts-demo}}
    spec:
      containers:
      - name: rollouts-demo
        image: argoproj/rollouts-demo:blue
        ports: [{name: http, containerPort: 8080, protocol: TCP}]
        resources: {requests: {memory: 32Mi, cpu: 5m}}
"
    .into()
}

/// A Deployment, and a Rollout of its template.
pub fn workload_ref() -> String {
    "
apiVersion: apps/v1
kind: Deployment
metadata: {name: base}
spec:
  replicas: 0
  selector: {matchLabels: {app: byref}}
  template:
    metadata: {labels: {app: byref}}
    spec: {containers: [{name: main, image: 'argoproj/rollouts-demo:blue'}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: byref}
spec:
  replicas: 2
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: base}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
"
    .into()
}

/// An Experiment that goes on until it is terminated.
pub fn experiment() -> String {
    "
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: ab}
spec:
  templates:
  - name: one
    replicas: 1
    selector: {matchLabels: {app: ab}}
    template:
      metadata: {labels: {app: ab}}
      spec: {containers: [{name: main, image: 'argoproj/rollouts-demo:blue'}]}
"
    .into()
}

/// A template of runs that do not measure yet.
pub fn analysis_template() -> String {
    "
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: later}
spec:
  metrics:
  - name: later
    initialDelay: 1h
    provider: {prometheus: {address: 'http://127.0.0.1:9', query: up}}
"
    .into()
}
