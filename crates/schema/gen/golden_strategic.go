// Fills in "want" or "error" of tests/data/strategic.json from Kubernetes' own strategic merge patch.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

var kinds = map[string]any{
	"apps/v1/Deployment": &appsv1.Deployment{}, "v1/Pod": &corev1.Pod{}, "v1/ConfigMap": &corev1.ConfigMap{},
	"v1/Service": &corev1.Service{}, "v1/ServiceAccount": &corev1.ServiceAccount{},
}

func main() {
	path := os.Args[1]
	text, err := os.ReadFile(path)
	check(err)
	var cases []map[string]json.RawMessage
	check(json.Unmarshal(text, &cases))
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, c := range cases {
		var kind string
		check(json.Unmarshal(c["kind"], &kind))
		delete(c, "want")
		delete(c, "error")
		got, err := strategicpatch.StrategicMergePatch(c["doc"], c["patch"], kinds[kind])
		if err != nil {
			c["error"], _ = json.Marshal(err.Error())
		} else {
			c["want"] = got
		}
		line, err := json.Marshal(c)
		check(err)
		out.Write(line)
		if i+1 < len(cases) {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("]\n")
	check(os.WriteFile(path, out.Bytes(), 0o644))
	fmt.Println(len(cases), "cases")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
