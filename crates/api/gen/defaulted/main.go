// Reads lines of tab-separated columns, of which it takes the first, a name, and the third, a pod template in JSON.
// Prints for each: the name, the FNV-1a hash of the template's JSON as a controller in Go computes it, the template as
// given, and the template as the API server stores it in a ReplicaSet.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		columns := strings.Split(in.Text(), "\t")
		name, given := columns[0], columns[2]
		var set appsv1.ReplicaSet
		must(json.Unmarshal([]byte(given), &set.Spec.Template))
		desired, err := json.Marshal(set.Spec.Template)
		must(err)
		sum := fnv.New32a()
		sum.Write(desired)
		hash := rand.SafeEncodeString(fmt.Sprint(sum.Sum32()))
		scheme := legacyscheme.Scheme
		scheme.Default(&set)
		var internal apps.ReplicaSet
		must(scheme.Convert(&set, &internal, nil))
		var back appsv1.ReplicaSet
		must(scheme.Convert(&internal, &back, nil))
		stored, err := json.Marshal(back.Spec.Template)
		must(err)
		fmt.Printf("%s\t%s\t%s\t%s\n", name, hash, given, stored)
	}
	must(in.Err())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
