// Command gen prints the JSON shape of Kubernetes' built-in types, read by reflection from their Go structs, as the
// table that the Rust module `go_json::types` embeds. See README.md.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var roots = []any{
	corev1.PodTemplateSpec{}, corev1.Pod{}, corev1.PodTemplate{}, corev1.ReplicationController{}, corev1.Service{},
	corev1.Endpoints{}, corev1.ConfigMap{}, corev1.Secret{}, corev1.ServiceAccount{}, corev1.Namespace{}, corev1.Node{},
	corev1.Event{}, corev1.PersistentVolumeClaim{}, corev1.LimitRange{}, corev1.ResourceQuota{}, corev1.Binding{},
	appsv1.Deployment{}, appsv1.ReplicaSet{}, appsv1.StatefulSet{}, appsv1.DaemonSet{}, appsv1.ControllerRevision{},
	batchv1.Job{}, batchv1.CronJob{}, autoscalingv1.HorizontalPodAutoscaler{}, autoscalingv1.Scale{},
	autoscalingv2.HorizontalPodAutoscaler{}, policyv1.PodDisruptionBudget{}, policyv1.Eviction{},
	networkingv1.Ingress{}, networkingv1.IngressClass{}, networkingv1.NetworkPolicy{},
	rbacv1.Role{}, rbacv1.RoleBinding{}, rbacv1.ClusterRole{}, rbacv1.ClusterRoleBinding{},
	coordinationv1.Lease{}, discoveryv1.EndpointSlice{}, eventsv1.Event{},
	authorizationv1.SubjectAccessReview{}, authorizationv1.SelfSubjectAccessReview{},
	authorizationv1.LocalSubjectAccessReview{}, authorizationv1.SelfSubjectRulesReview{},
	authenticationv1.TokenRequest{}, authenticationv1.TokenReview{}, authenticationv1.SelfSubjectReview{},
}

// Types that marshal themselves, and the letter that stands for what they print.
var special = map[reflect.Type]string{
	reflect.TypeOf(metav1.Time{}):          "t",
	reflect.TypeOf(metav1.MicroTime{}):     "m",
	reflect.TypeOf(metav1.Duration{}):      "d",
	reflect.TypeOf(resource.Quantity{}):    "q",
	reflect.TypeOf(intstr.IntOrString{}):   "o",
	reflect.TypeOf(metav1.FieldsV1{}):      "r",
	reflect.TypeOf(runtime.RawExtension{}): "r",
}

var (
	done  = map[reflect.Type]bool{}
	queue []reflect.Type
)

// name is the package below k8s.io/api and the type: apps/v1.Deployment.
func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], "/") + "." + t.Name()
}

func kind(t reflect.Type) string {
	if s, ok := special[t]; ok {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + kind(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "[" + kind(t.Elem())
	case reflect.Map:
		return "{" + kind(t.Elem())
	case reflect.Struct:
		queue = append(queue, t)
		return "@" + name(t)
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int32:
		return "i"
	case reflect.Int64, reflect.Int:
		return "l"
	}
	panic(t.String())
}

func fields(t reflect.Type, out *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if tag[0] == "-" {
			continue
		}
		if tag[0] == "" && f.Anonymous {
			fields(f.Type, out)
			continue
		}
		if tag[0] == "" {
			continue
		}
		mark := ""
		for _, option := range tag[1:] {
			switch option {
			case "omitempty":
				if mark == "" {
					mark = "?"
				}
			case "omitzero":
				mark = "!"
			}
		}
		*out = append(*out, tag[0]+mark+":"+kind(f.Type))
	}
}

func main() {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for _, r := range roots {
		queue = append(queue, reflect.TypeOf(r))
	}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		if done[t] {
			continue
		}
		done[t] = true
		var fs []string
		fields(t, &fs)
		fmt.Fprintln(w, strings.Join(append([]string{name(t)}, fs...), " "))
	}
}
