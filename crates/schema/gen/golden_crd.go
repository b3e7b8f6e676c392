// Fills in "unknown", "defaulted" and "errors" of tests/data/validation.json from Kubernetes' own custom resource code.
package main

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"os"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

type testCase struct {
	Name      string             `json:"name"`
	Schema    stdjson.RawMessage `json:"schema"`
	Object    stdjson.RawMessage `json:"object"`
	Old       stdjson.RawMessage `json:"old,omitempty"`
	Unknown   []string           `json:"unknown"`
	Defaulted stdjson.RawMessage `json:"defaulted"`
	Errors    []string           `json:"errors"`
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var cases []*testCase
	check(stdjson.Unmarshal(text, &cases))
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, c := range cases {
		run(c)
		line, err := stdjson.Marshal(c)
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

func run(c *testCase) {
	var v1 apiextensionsv1.JSONSchemaProps
	check(json.Unmarshal(c.Schema, &v1))
	var internal apiextensions.JSONSchemaProps
	check(apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&v1, &internal, nil))
	s, err := structural.NewStructural(&internal)
	check(err)
	decode := func(raw stdjson.RawMessage) map[string]any {
		if raw == nil {
			return nil
		}
		var obj map[string]any
		check(json.Unmarshal(raw, &obj))
		return obj
	}
	obj, old := decode(c.Object), decode(c.Old)
	c.Unknown = pruning.PruneWithOptions(obj, s, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if c.Unknown == nil {
		c.Unknown = []string{}
	}
	defaulting.Default(obj, s)
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, s)
	c.Defaulted, err = stdjson.Marshal(obj)
	check(err)
	validator, _, err := validation.NewSchemaValidator(&internal)
	check(err)
	var errs field.ErrorList
	var celOptions []cel.Option
	if old == nil {
		errs = append(errs, validation.ValidateCustomResource(nil, obj, validator)...)
	} else {
		correlated := common.NewCorrelatedObject(obj, old, &model.Structural{Structural: s})
		errs = append(errs, validation.ValidateCustomResourceUpdate(nil, obj, old, validator, validation.WithRatcheting(correlated))...)
		celOptions = append(celOptions, cel.WithRatcheting(correlated))
	}
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, s, obj)...)
	if len(errs) == 0 {
		if v := cel.NewValidator(s, true, celconfig.PerCallLimit); v != nil {
			var oldAny any
			if old != nil {
				oldAny = old
			}
			found, _ := v.Validate(context.Background(), nil, s, obj, oldAny, celconfig.RuntimeCELCostBudget, celOptions...)
			errs = append(errs, found...)
		}
	}
	c.Errors = []string{}
	for _, e := range errs {
		c.Errors = append(c.Errors, e.Error())
	}
	sort.Strings(c.Errors)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
