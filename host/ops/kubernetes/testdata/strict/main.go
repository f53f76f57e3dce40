// Command strict reads manifests of Kubernetes from standard input into
// Kubernetes' own types: an unknown or mistyped field fails. It is a module of
// its own, so that the program does not depend on them.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]any{
	"apps/v1 StatefulSet":                    &apps.StatefulSet{},
	"autoscaling/v2 HorizontalPodAutoscaler": &autoscaling.HorizontalPodAutoscaler{},
	"networking.k8s.io/v1 NetworkPolicy":     &networking.NetworkPolicy{},
	"policy/v1 PodDisruptionBudget":          &policy.PodDisruptionBudget{},
	"v1 ConfigMap":                           &core.ConfigMap{},
	"v1 Namespace":                           &core.Namespace{},
	"v1 Service":                             &core.Service{},
	"v1 ServiceAccount":                      &core.ServiceAccount{},
}

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = check(input)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(input []byte) error {
	for _, text := range bytes.Split(input, []byte("\n---\n")) {
		var head struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
		}
		if err := yaml.Unmarshal(text, &head); err != nil {
			return err
		}
		into, known := kinds[head.APIVersion+" "+head.Kind]
		if !known {
			return fmt.Errorf("%s %s: this kind is not known here", head.APIVersion, head.Kind)
		}
		object, err := yaml.YAMLToJSONStrict(text)
		if err != nil {
			return err
		}
		wrong, err := json.UnmarshalStrict(object, into)
		if err := errors.Join(append(wrong, err)...); err != nil {
			return fmt.Errorf("%s %s: %w", head.Kind, head.Metadata.Name, err)
		}
		fmt.Println(head.Kind, head.Metadata.Name)
	}
	return nil
}
