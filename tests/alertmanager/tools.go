//go:build tools

// What tests/setup builds. go.mod and go.sum pin each module that it is made of, by version and by hash.
package tools

import (
	_ "github.com/prometheus/alertmanager/cmd/alertmanager"
	_ "github.com/prometheus/alertmanager/cmd/amtool"
)
