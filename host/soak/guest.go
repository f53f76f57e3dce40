package soak

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// The guest, assembled from testdata/soak.wat.
//
//go:embed testdata/soak.hex
var guestHex string

func guestModule() ([]byte, error) {
	wasm, err := hex.DecodeString(strings.Join(strings.Fields(guestHex), ""))
	if err != nil {
		return nil, fmt.Errorf("testdata/soak.hex: %w", err)
	}
	return wasm, nil
}
