//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"balise/app/internal/platform/paths"
	"balise/diagnostics/lab/stage"
)

// labRuns is how often the healthy network is tested; the figure is the median.
const labRuns = 5

// healthyLab measures `balise check` on a whole healthy network in namespaces: name servers, a way out, a
// portal test page, a service over TLS. It needs root.
func healthyLab(ctx context.Context, balise string) (f figure, err error) {
	f = figure{Name: "balise check, all network tests, healthy lab (median)", Unit: "ms", Ceiling: 3000}
	if os.Geteuid() != 0 {
		f.Missing = "network namespaces need root"
		return f, nil
	}
	dir, err := os.MkdirTemp("", "balise-bench-lab-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	l, err := stage.Build()
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	w, err := stage.StartWorld(l, dir)
	if err != nil {
		return f, err
	}
	defer w.Close()
	config, err := labConfig(w, dir)
	if err != nil {
		return f, err
	}
	var took []float64
	for range labRuns {
		ms, err := labCheck(ctx, l, balise, config, dir)
		if err != nil {
			return f, err
		}
		took = append(took, ms)
	}
	slices.Sort(took)
	f.Value = took[len(took)/2]
	return f, nil
}

func labConfig(w *stage.World, dir string) (string, error) {
	text := fmt.Sprintf("language: en\ndesk: {ca_file: %q}\nprobes:\n  portal: %s\n  egress: [%s]\n"+
		"  services: [{name: erp, url: %q}]\n  time: [%s]\n",
		w.CAFile, w.PortalURL(), strings.Join(w.Egress(), ", "), w.ServiceURL(), w.ClockURL())
	file := filepath.Join(dir, "config.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// labTests leaves out what looks at the machine: the namespaces share its disk and its load.
const labTests = "net.link,net.addr,net.gateway,net.dns.system,net.dns.servers,net.egress,net.portal,net.tls," +
	"time.skew,svc.reach.erp"

func labCheck(ctx context.Context, l *stage.Lab, balise, config, dir string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := l.Command(ctx, balise, "check", "--config", config, "--only", labTests, "--json")
	cmd.Env = append(cmd.Environ(), paths.StateEnv+"="+filepath.Join(dir, "state"))
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	start := time.Now()
	err := cmd.Run()
	took := ms(time.Since(start))
	var doc struct {
		Diagnosis struct {
			Cause string `json:"cause"`
		} `json:"diagnosis"`
	}
	if jerr := json.Unmarshal(out.Bytes(), &doc); err != nil || jerr != nil || doc.Diagnosis.Cause != "healthy" {
		return 0, fmt.Errorf("check in the healthy lab said %q (%w): %s%s", doc.Diagnosis.Cause, errors.Join(err, jerr), &out, &said)
	}
	return took, nil
}
