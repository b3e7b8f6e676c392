// Prints data/protobuf.txt: how the built-in kinds are laid out in protobuf, read off the struct tags of k8s.io/api.
//
// A line a message: its name, then its fields, separated by tabs. A field is `number json-name type`, where type is
// s (string), i (integer), b (boolean), f (float), y (bytes) or the name of a message; `[]` marks lists, `{}` maps by string, `*`
// fields whose zero value means something, `^` messages whose fields appear in the parent.
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

var groups = map[string]bool{
	"/v1": true, "apps/v1": true, "batch/v1": true, "autoscaling/v1": true, "autoscaling/v2": true, "policy/v1": true,
	"rbac.authorization.k8s.io/v1": true, "networking.k8s.io/v1": true, "authorization.k8s.io/v1": true,
	"authentication.k8s.io/v1": true, "events.k8s.io/v1": true, "coordination.k8s.io/v1": true,
	"discovery.k8s.io/v1": true, "scheduling.k8s.io/v1": true, "storage.k8s.io/v1": true,
}

var lines = map[string]string{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	n := len(parts)
	return parts[n-2] + "." + parts[n-1] + "." + t.Name()
}

var special = map[string]bool{"Quantity": true, "IntOrString": true, "Time": true, "MicroTime": true,
	"RawExtension": true, "FieldsV1": true, "Duration": true}

func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kind(t.Elem())
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Float64, reflect.Float32:
		return "f"
	case reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint8, reflect.Uint32:
		return "i"
	case reflect.Struct:
		if special[t.Name()] {
			return t.Name()
		}
		visit(t)
		return name(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "[]" + kind(t.Elem())
	case reflect.Map:
		if t.Elem().Kind() == reflect.Slice && t.Elem().Elem().Kind() != reflect.Uint8 {
			// A named list is a message with one repeated field.
			return "{}items" + kind(t.Elem().Elem())
		}
		return "{}" + kind(t.Elem())
	}
	panic(t.String())
}

func visit(t reflect.Type) {
	key := name(t)
	if _, seen := lines[key]; seen {
		return
	}
	lines[key] = ""
	fields := []string{}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("protobuf"), ",")
		if len(tag) < 2 {
			continue
		}
		json := strings.Split(f.Tag.Get("json"), ",")
		inline := json[0] == "" && len(json) > 1 && json[1] == "inline" || json[0] == "" && f.Anonymous
		mark := ""
		if inline {
			mark = "^"
		} else if f.Type.Kind() == reflect.Pointer || (len(json) < 2 && f.Type.Kind() != reflect.Struct) {
			mark = "*"
		}
		j := json[0]
		if inline {
			j = "-"
		}
		fields = append(fields, tag[1]+" "+j+" "+mark+kind(f.Type))
	}
	lines[key] = strings.Join(fields, "\t")
}

func main() {
	kinds := []string{}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		gv := gvk.Group + "/" + gvk.Version
		if !groups[gv] || strings.HasSuffix(gvk.Kind, "List") || t.PkgPath() == reflect.TypeOf(metav1.Time{}).PkgPath() {
			continue
		}
		visit(t)
		kinds = append(kinds, "kind\t"+gv+" "+gvk.Kind+" "+name(t))
	}
	options := reflect.TypeOf(metav1.DeleteOptions{})
	visit(options)
	kinds = append(kinds, "kind\t* DeleteOptions "+name(options))
	sort.Strings(kinds)
	names := []string{}
	for n := range lines {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, k := range kinds {
		fmt.Fprintln(os.Stdout, k)
	}
	for _, n := range names {
		fmt.Fprintln(os.Stdout, n+"\t"+lines[n])
	}
}
