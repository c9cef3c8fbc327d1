package production

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lenlop/transcoder"
)

// scratchChild says to this test binary that it is to be killed.
const scratchChild = "LENLOP_TEST_SCRATCH"

// TestScratchChild is the process that TestScratchIsSweptAfterKill kills.
func TestScratchChild(t *testing.T) {
	root := os.Getenv(scratchChild)
	if root == "" {
		return // by itself it proves nothing
	}
	s, err := OpenScratch(root)
	if err != nil {
		t.Fatal(err)
	}
	tr := transcoder.Transcoder{Scratch: s.Dir()}
	for _, name := range []string{"verify-", "copy-"} { // as the transcoder makes them
		dir, err := os.MkdirTemp(tr.Scratch, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "segment.mp4"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.folder("transcode"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("working\n"); err != nil {
		t.Fatal(err)
	}
	select {}
}

// TestScratchIsSweptAfterKill: whatever a killed process had in the making is
// gone with the next start, and what a living one has is not touched.
func TestScratchIsSweptAfterKill(t *testing.T) {
	root := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestScratchChild$")
	cmd.Env = append(os.Environ(), scratchChild+"="+root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "working\n" {
		_ = cmd.Process.Kill()
		t.Fatalf("child said %q, %v", line, err)
	}
	living, err := OpenScratch(root)
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	if left, _ := filepath.Glob(filepath.Join(root, "*", "*-*")); len(left) != 3 {
		t.Errorf("what a living process has: %v", left)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	next, err := OpenScratch(root)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if left, _ := filepath.Glob(filepath.Join(root, "*", "*-*")); len(left) != 0 {
		t.Errorf("left after the kill: %v", left)
	}
	if list, err := os.ReadDir(root); err != nil || len(list) != 2 {
		t.Errorf("folders %v, %v", list, err)
	}
}
