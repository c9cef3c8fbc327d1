package main

import (
	"testing"

	"lenlop/test/system/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
