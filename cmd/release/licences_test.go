package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	const bsd = "Redistribution and use in source and binary forms, with or without modification"
	for text, want := range map[string][]string{
		"Permission is hereby granted, free of charge, to any person\nobtaining a copy of this": {"MIT"},
		"                  Apache License\n        Version 2.0, January 2004":                   {"Apache-2.0"},
		bsd: {"BSD-2-Clause"},
		bsd + " * Neither the name of Google Inc. nor":                                                              {"BSD-3-Clause"},
		bsd + "; Neither the name of. Permission is hereby granted, free of charge, to any person obtaining a copy": {"MIT", "BSD-3-Clause"},
		"Mozilla Public License Version 2.0":                                                                        {"MPL-2.0"},
		"GNU AFFERO GENERAL PUBLIC LICENSE":                                                                         nil,
		"All rights reserved.":                                                                                      nil,
	} {
		if got := identify([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%.50q: %q, want %q", text, got, want)
		}
	}
}

// What nobody has read the licence of is not released.
func TestUnknownLicence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"LICENSE": "Pay me.", "licenses.go": "package x // Permission is hereby granted, free of charge, to any person obtaining a copy"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := licensed("example.com/m", "v1.2.3", dir)
	if err == nil || !strings.Contains(err.Error(), "the licence of example.com/m@v1.2.3 is not known") {
		t.Errorf("%v", err)
	}
	if _, err := licensed("example.com/m", "v1.2.3", t.TempDir()); err == nil {
		t.Error("a module without a licence is released")
	}
}
