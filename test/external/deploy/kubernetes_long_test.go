//go:build long

package deploy_test

import (
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// TestKubernetes reads the manifests as the cluster would, with its own types
// and strictly: an unknown, repeated or mistyped field is an error. It has
// the tag because those types take half a minute to build.
func TestKubernetes(t *testing.T) {
	kinds := map[string]func() any{
		"v1 ConfigMap":                  func() any { return &corev1.ConfigMap{} },
		"batch/v1 CronJob":              func() any { return &batchv1.CronJob{} },
		"v1 Service":                    func() any { return &corev1.Service{} },
		"apps/v1 Deployment":            func() any { return &appsv1.Deployment{} },
		"policy/v1 PodDisruptionBudget": func() any { return &policyv1.PodDisruptionBudget{} },
	}
	seen := 0
	for _, doc := range strings.Split(read(t, filepath.Join(top, "infra/deploy/kubernetes/lenlop.yaml")), "\n---\n") {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Metadata   struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
			t.Fatal(err)
		}
		if head.Kind == "" {
			continue // comments only
		}
		object, ok := kinds[head.APIVersion+" "+head.Kind]
		if !ok {
			t.Errorf("%s %s: no type to read it with", head.APIVersion, head.Kind)
			continue
		}
		o := object()
		if err := yaml.UnmarshalStrict([]byte(doc), o); err != nil {
			t.Errorf("%s %s: %v", head.Kind, head.Metadata.Name, err)
		}
		switch o := o.(type) {
		case *appsv1.Deployment:
			for k, v := range o.Spec.Selector.MatchLabels {
				if o.Spec.Template.Labels[k] != v {
					t.Errorf("%s: its selector does not match its pods", o.Name)
				}
			}
			pods(t, o.Name, o.Spec.Template.Spec)
		case *batchv1.CronJob:
			pods(t, o.Name, o.Spec.JobTemplate.Spec.Template.Spec)
		}
		seen++
	}
	if seen < 5 {
		t.Errorf("only %d objects", seen)
	}
}

// pods requires memory requests and limits, probes where something listens, and a
// user other than root.
func pods(t *testing.T, name string, p corev1.PodSpec) {
	for _, c := range p.Containers {
		if c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s/%s: no memory request or limit", name, c.Name)
		}
		if len(c.Ports) > 0 && c.LivenessProbe == nil {
			t.Errorf("%s/%s listens and has no liveness probe", name, c.Name)
		}
	}
	if s := p.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot {
		t.Errorf("%s: may run as root", name)
	}
}
