// Fills in "errors" of tests/data/crds.json from Kubernetes' own validation of CustomResourceDefinitions.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
)

type testCase struct {
	Name   string          `json:"name"`
	Merge  json.RawMessage `json:"merge,omitempty"`
	Spec   json.RawMessage `json:"spec,omitempty"`
	Schema json.RawMessage `json:"schema,omitempty"`
	Errors []string        `json:"errors"`
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var cases []*testCase
	check(json.Unmarshal(text, &cases))
	scheme := runtime.NewScheme()
	install.Install(scheme)
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, c := range cases {
		var crd apiextensionsv1.CustomResourceDefinition
		base := map[string]any{}
		check(json.Unmarshal([]byte(`{"metadata":{"name":"things.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"things","kind":"Thing"}}}`), &base))
		spec := base["spec"].(map[string]any)
		version := map[string]any{"name": "v1", "served": true, "storage": true}
		if c.Schema != nil {
			version["schema"] = map[string]any{"openAPIV3Schema": c.Schema}
		} else {
			version["schema"] = map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}
		}
		spec["versions"] = []any{version}
		if c.Spec != nil {
			more := map[string]any{}
			check(json.Unmarshal(c.Spec, &more))
			for key, value := range more {
				spec[key] = value
			}
		}
		if c.Merge != nil {
			check(json.Unmarshal(c.Merge, &version))
		}
		text, err := json.Marshal(base)
		check(err)
		check(json.Unmarshal(text, &crd))
		scheme.Default(&crd)
		var internal apiextensions.CustomResourceDefinition
		check(scheme.Convert(&crd, &internal, nil))
		c.Errors = []string{}
		for _, e := range validation.ValidateCustomResourceDefinition(context.Background(), &internal) {
			c.Errors = append(c.Errors, e.Error())
		}
		sort.Strings(c.Errors)
		line, err := json.Marshal(c)
		check(err)
		out.Write(line)
		if i+1 < len(cases) {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("]\n")
	check(os.WriteFile(os.Args[1], out.Bytes(), 0o644))
	fmt.Println(len(cases), "cases")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
