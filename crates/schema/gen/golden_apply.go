// Fills in "want" of every step of tests/data/apply.json from Kubernetes' own field manager.
// Usage: golden_apply <tests/data/apply.json> <k8s.io/kubernetes module>/api/openapi-spec/v3
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

type scenario struct {
	Name   string          `json:"name"`
	Kind   string          `json:"kind"`
	Schema json.RawMessage `json:"schema,omitempty"`
	Steps  []*step         `json:"steps"`
}

type step struct {
	Op          string          `json:"op"`
	Manager     string          `json:"manager"`
	Subresource string          `json:"subresource,omitempty"`
	Reset       string          `json:"reset,omitempty"`
	Force       bool            `json:"force,omitempty"`
	Object      json.RawMessage `json:"object,omitempty"`
	Merge       json.RawMessage `json:"merge,omitempty"`
	Want        json.RawMessage `json:"want,omitempty"`
	Error       string          `json:"error,omitempty"`
	Causes      []string        `json:"causes,omitempty"`
}

type fakes struct{}

func (fakes) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(gvk)
	return u, nil
}
func (fakes) Convert(in, out, context any) error { return nil }
func (fakes) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}
func (fakes) ConvertFieldLabel(schema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", errors.New("no")
}
func (fakes) Default(runtime.Object) {}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var scenarios []*scenario
	check(json.Unmarshal(text, &scenarios))
	scheme := runtime.NewScheme()
	check(appsv1.AddToScheme(scheme))
	check(corev1.AddToScheme(scheme))
	models := map[string]*spec.Schema{}
	for _, name := range []string{"api__v1_openapi.json", "apis__apps__v1_openapi.json"} {
		data, err := os.ReadFile(filepath.Join(os.Args[2], name))
		check(err)
		var doc spec3.OpenAPI
		check(json.Unmarshal(data, &doc))
		for name, model := range doc.Components.Schemas {
			models[name] = model
		}
	}
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, s := range scenarios {
		run(s, scheme, models)
		line, err := json.Marshal(s)
		check(err)
		out.Write(line)
		if i+1 < len(scenarios) {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("]\n")
	check(os.WriteFile(os.Args[1], out.Bytes(), 0o644))
	fmt.Println(len(scenarios), "scenarios")
}

func run(s *scenario, scheme *runtime.Scheme, models map[string]*spec.Schema) {
	i := strings.LastIndex(s.Kind, "/")
	gv, err := schema.ParseGroupVersion(s.Kind[:i])
	check(err)
	gvk := gv.WithKind(s.Kind[i+1:])
	typed := s.Schema == nil
	if !typed {
		var model spec.Schema
		check(json.Unmarshal(s.Schema, &model))
		meta := spec.RefSchema("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
		model.Properties["metadata"] = *meta
		model.Properties["apiVersion"] = *spec.StringProperty()
		model.Properties["kind"] = *spec.StringProperty()
		model.AddExtension("x-kubernetes-group-version-kind", []any{map[string]any{
			"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind}})
		all := map[string]*spec.Schema{"custom": &model}
		for name, m := range models {
			all[name] = m
		}
		models = all
	}
	converter, err := managedfields.NewTypeConverter(models, false)
	check(err)
	var live runtime.Object
	for _, st := range s.Steps {
		var resets map[fieldpath.APIVersion]fieldpath.Filter
		if st.Reset != "" {
			var paths []fieldpath.Path
			for _, name := range strings.Split(st.Reset, ",") {
				paths = append(paths, fieldpath.MakePathOrDie(name))
			}
			resets = map[fieldpath.APIVersion]fieldpath.Filter{
				fieldpath.APIVersion(gv.String()): fieldpath.NewExcludeSetFilter(fieldpath.NewSet(paths...))}
		}
		var manager *managedfields.FieldManager
		if typed {
			manager, err = managedfields.NewDefaultFieldManager(converter, runtime.UnsafeObjectConvertor(scheme), scheme,
				scheme, gvk, gv, st.Subresource, resets)
		} else {
			manager, err = managedfields.NewDefaultCRDFieldManager(converter, fakes{}, fakes{}, fakes{}, gvk, gv,
				st.Subresource, resets)
		}
		check(err)
		if live == nil {
			if typed {
				live, err = scheme.New(gvk)
				check(err)
				live.GetObjectKind().SetGroupVersionKind(gvk)
			} else {
				live, _ = fakes{}.New(gvk)
			}
		}
		object := []byte(st.Object)
		if st.Merge != nil {
			now, err := json.Marshal(live)
			check(err)
			object, err = jsonpatch.MergePatch(now, st.Merge)
			check(err)
		}
		var result runtime.Object
		if st.Op == "apply" {
			u := &unstructured.Unstructured{}
			check(json.Unmarshal(object, &u.Object))
			result, err = manager.Apply(live.DeepCopyObject(), u, st.Manager, st.Force)
		} else {
			var obj runtime.Object = &unstructured.Unstructured{}
			if typed {
				obj, err = scheme.New(gvk)
				check(err)
			}
			check(json.Unmarshal(object, obj))
			result, err = manager.Update(live.DeepCopyObject(), obj, st.Manager)
		}
		st.Want, st.Error, st.Causes = nil, "", nil
		if err != nil {
			st.Error = err.Error()
			var status apierrors.APIStatus
			if errors.As(err, &status) && status.Status().Details != nil {
				for _, cause := range status.Status().Details.Causes {
					st.Causes = append(st.Causes, fmt.Sprintf("%s|%s|%s", cause.Type, cause.Message, cause.Field))
				}
				sort.Strings(st.Causes)
			}
			continue
		}
		live = result
		// Written objects have a uid.
		accessor, err := meta.Accessor(live)
		check(err)
		accessor.SetUID("1")
		st.Want = printed(live)
	}
}

// printed gives the object with entries sorted and without times.
func printed(obj runtime.Object) json.RawMessage {
	obj = obj.DeepCopyObject()
	accessor, err := meta.Accessor(obj)
	check(err)
	entries := accessor.GetManagedFields()
	for i := range entries {
		entries[i].Time = nil
	}
	key := func(e metav1.ManagedFieldsEntry) string {
		return string(e.Operation) + " " + e.Manager + " " + e.APIVersion + " " + e.Subresource
	}
	sort.Slice(entries, func(i, j int) bool { return key(entries[i]) < key(entries[j]) })
	accessor.SetManagedFields(entries)
	text, err := json.Marshal(obj)
	check(err)
	return text
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
