#!/usr/bin/env python3
"""Trims Kubernetes' OpenAPI v3 documents to the kinds the embedded API server serves.

Usage: trim_openapi.py <dir of k8s.io/kubernetes>/api/openapi-spec/v3
Writes ../data/schemas.gz (no descriptions, for validation), ../data/openapi.gz (with descriptions, for kubectl explain)
and ../src/builtin/resources.rs. One definition a line: <name> TAB <group/version/Kind,...> TAB <JSON>; references are short: {"$ref": "<name>"}.
"""

import gzip
import json
import pathlib
import sys

GROUPS = {
    ("", "v1"): [
        "namespaces", "pods", "services", "endpoints", "configmaps", "secrets", "serviceaccounts", "events", "nodes",
        "podtemplates", "persistentvolumeclaims", "persistentvolumes", "bindings", "resourcequotas", "limitranges",
        "replicationcontrollers",
    ],
    ("apps", "v1"): None,
    ("batch", "v1"): None,
    ("autoscaling", "v1"): None,
    ("autoscaling", "v2"): None,
    ("policy", "v1"): None,
    ("networking.k8s.io", "v1"): ["ingresses", "ingressclasses", "networkpolicies"],
    ("rbac.authorization.k8s.io", "v1"): None,
    ("coordination.k8s.io", "v1"): None,
    ("events.k8s.io", "v1"): None,
    ("discovery.k8s.io", "v1"): None,
    ("authorization.k8s.io", "v1"): None,
    ("authentication.k8s.io", "v1"): None,
    ("scheduling.k8s.io", "v1"): None,
    ("storage.k8s.io", "v1"): ["storageclasses"],
    ("apiextensions.k8s.io", "v1"): None,
}
# Kinds that no path returns but clients and the server use.
EXTRA = [
    ("policy", "v1", "Eviction"), ("autoscaling", "v1", "Scale"), ("authentication.k8s.io", "v1", "TokenRequest"),
    ("", "v1", "Status"), ("", "v1", "DeleteOptions"), ("", "v1", "APIResourceList"), ("", "v1", "APIGroup"),
]
SHORT = {
    "namespaces": ["ns"], "pods": ["po"], "services": ["svc"], "endpoints": ["ep"], "configmaps": ["cm"],
    "serviceaccounts": ["sa"], "events": ["ev"], "nodes": ["no"], "persistentvolumeclaims": ["pvc"],
    "persistentvolumes": ["pv"], "resourcequotas": ["quota"], "limitranges": ["limits"],
    "replicationcontrollers": ["rc"], "deployments": ["deploy"], "replicasets": ["rs"], "statefulsets": ["sts"],
    "daemonsets": ["ds"], "cronjobs": ["cj"], "horizontalpodautoscalers": ["hpa"], "poddisruptionbudgets": ["pdb"],
    "ingresses": ["ing"], "networkpolicies": ["netpol"], "customresourcedefinitions": ["crd", "crds"],
    "priorityclasses": ["pc"], "storageclasses": ["sc"],
}
ALL = {
    "pods", "services", "replicationcontrollers", "deployments", "replicasets", "statefulsets", "daemonsets",
    "jobs", "cronjobs", "horizontalpodautoscalers",
}
CATEGORIES = {"customresourcedefinitions": ["api-extensions"], **{name: ["all"] for name in ALL}}
SINGULAR = {"endpoints": "endpoints"}
VERBS = {"list": "list", "get": "get", "post": "create", "put": "update", "patch": "patch", "delete": "delete",
         "deletecollection": "deletecollection", "watch": "watch", "watchlist": "watch", "connect": None}


def short_refs(node):
    """Turns {"allOf": [{"$ref": "#/components/schemas/X"}], ...} and {"$ref": ...} into {"$ref": "X", ...}."""
    if isinstance(node, list):
        return [short_refs(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: short_refs(value) for key, value in node.items()}
    if isinstance(node.get("$ref"), str):
        node["$ref"] = node["$ref"].removeprefix("#/components/schemas/")
    if len(node.get("allOf", [])) == 1 and set(node["allOf"][0]) == {"$ref"}:
        node["$ref"] = node.pop("allOf")[0]["$ref"]
    return node


def bare(node, in_properties=False):
    """The node without descriptions (but with properties that happen to be called "description")."""
    if isinstance(node, list):
        return [bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: bare(value, key == "properties" and not in_properties)
        for key, value in node.items()
        if in_properties
        or key not in ("description", "x-kubernetes-unions", "x-kubernetes-group-version-kind", "example", "externalDocs", "title")
    }


def refs(node):
    if isinstance(node, list):
        for item in node:
            yield from refs(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)


def operations(paths, resource_filter):
    """Yields (plural, subresource, namespaced, verb, gvk) for every operation of the wanted resources."""
    for path, item in paths.items():
        parts = path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        if not parts or parts[0] == "watch":
            continue
        namespaced = parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in ("finalize", "status")
        parts = parts[2:] if namespaced else parts
        plural, sub = parts[0], "/".join(parts[2:])
        if resource_filter is not None and plural not in resource_filter or sub.startswith("proxy"):
            continue
        for method, operation in item.items():
            if isinstance(operation, dict) and "x-kubernetes-group-version-kind" in operation:
                action = operation.get("x-kubernetes-action", "")
                yield plural, sub, namespaced, action, operation["x-kubernetes-group-version-kind"]


def rust_list(items):
    return "&[" + ", ".join(f'"{item}"' for item in items) + "]"


def main():
    source = pathlib.Path(sys.argv[1])
    out = pathlib.Path(__file__).resolve().parent.parent
    definitions, resources, wanted = {}, [], set(EXTRA)
    for (group, version), only in GROUPS.items():
        name = f"apis__{group}__{version}_openapi.json" if group else f"api__{version}_openapi.json"
        document = json.loads((source / name).read_text())
        for key, schema in document["components"]["schemas"].items():
            definitions.setdefault(key, short_refs(schema))
        table = {}
        for plural, sub, namespaced, action, gvk in operations(document["paths"], only):
            entry = table.setdefault(plural, {"namespaced": False, "subs": {}})
            entry["namespaced"] |= namespaced
            place = entry if not sub else entry["subs"].setdefault(sub, {})
            verb = VERBS[action]
            place.setdefault("verbs", set()).update([verb] if verb else ["create", "get"])
            if verb == "list":
                place["verbs"].add("watch")
            if verb is not None or sub:
                place.setdefault("gvk", gvk)
            wanted.add((gvk["group"], gvk["version"], gvk["kind"]))
        for plural in sorted(table):
            if "gvk" in table[plural]:
                resources.append((group, version, plural, table[plural]))

    by_gvk = {}
    for key, schema in definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", []):
            by_gvk.setdefault((gvk["group"], gvk["version"], gvk["kind"]), key)
    lists = {(g, v, k + "List") for g, v, k in wanted}
    queue = [by_gvk[gvk] for gvk in sorted(wanted | lists) if gvk in by_gvk]
    keep = set()
    while queue:
        key = queue.pop()
        if key not in keep:
            keep.add(key)
            queue.extend(refs(definitions[key]))

    gvks = {}
    for gvk, key in by_gvk.items():
        gvks.setdefault(key, []).append("/".join(gvk))

    def write(name, transform):
        lines = [f"{key}\t{','.join(gvks.get(key, []))}\t{json.dumps(transform(definitions[key]), sort_keys=True, separators=(',', ':'), ensure_ascii=False)}"
                 for key in sorted(keep)]
        text = "\n".join(lines).encode()
        (out / "data" / name).write_bytes(gzip.compress(text, 9, mtime=0))
        print(name, len(keep), "definitions", len(text), "bytes")

    write("schemas.gz", bare)
    write("openapi.gz", lambda schema: schema)

    code = ["//! Generated by gen/trim_openapi.py: the built-in resources.", "", "use super::{Resource, Subresource};", "",
            "pub(super) const RESOURCES: &[Resource] = &["]
    for group, version, plural, entry in resources:
        kind = entry["gvk"]["kind"]
        subs = ""
        for sub, info in sorted(entry["subs"].items()):
            gvk = info["gvk"]
            subs += (f'Subresource {{ name: "{sub}", group: "{gvk["group"]}", version: "{gvk["version"]}", '
                     f'kind: "{gvk["kind"]}", verbs: {rust_list(sorted(info["verbs"]))} }},')
        code.append(
            f'Resource {{ group: "{group}", version: "{version}", kind: "{kind}", plural: "{plural}", '
            f'singular: "{SINGULAR.get(plural, kind.lower())}", short_names: {rust_list(SHORT.get(plural, []))}, '
            f'categories: {rust_list(CATEGORIES.get(plural, []))}, namespaced: {str(entry["namespaced"]).lower()}, '
            f'verbs: {rust_list(sorted(entry["verbs"]))}, subresources: &[{subs}] }},')
    code.append("];")
    (out / "src" / "builtin" / "resources.rs").write_text("\n".join(code) + "\n")
    print(len(resources), "resources")


main()
