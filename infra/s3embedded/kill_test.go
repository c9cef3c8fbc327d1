package s3embedded

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/versity/versitygw/backend/meta"
)

func httpClient(tr *http.Transport) *http.Client { return &http.Client{Transport: tr} }

// TestKilledInComplete: kill -9 while the parts are being joined gives the
// upload back; right after, it finds the object made.
func TestKilledInComplete(t *testing.T) {
	for _, moment := range []string{"joined", "linked"} {
		t.Run(moment, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "objects")
			c := startChild(t, dir, moment)
			cl := c.client()
			id := begin(t, cl, "a")
			whole := bytes.Repeat([]byte("0123456789"), 600_000) // 6 MB
			for n, b := range map[int32][]byte{1: whole[:partLen], 2: whole[partLen:]} {
				if err := sendPart(t.Context(), cl, "a", id, n, b); err != nil {
					t.Fatal(err)
				}
			}
			parts, err := listParts(t.Context(), cl, "a", id)
			if err != nil {
				t.Fatal(err)
			}
			if err := complete(t.Context(), cl, "a", id, parts); err == nil {
				t.Fatal("the child should have died")
			}
			_ = c.cmd.Wait()
			stuck, _ := filepath.Glob(filepath.Join(dir, "buckets", bucket, uploadsDir, "*", "*"+inProgress))
			if (moment == "joined") != (len(stuck) == 1) {
				t.Errorf("stuck: %v", stuck)
			}

			_, again := start(t, Config{Dir: dir})
			left, err := listParts(t.Context(), again, "a", id)
			if moment == "linked" {
				if err == nil {
					t.Errorf("the upload is still there with %d parts", len(left))
				}
			} else {
				if err != nil || len(left) != 2 {
					t.Fatalf("%d parts: %v", len(left), err)
				}
				if err := complete(t.Context(), again, "a", id, left); err != nil {
					t.Fatal(err)
				}
			}
			if got := get(t, again, "a"); !bytes.Equal(got, whole) {
				t.Errorf("%d other bytes", len(got))
			}
		})
	}
}

// TestKilledAnywhere kills the server again and again while parts arrive:
// each part that was acknowledged is listed, whole, and the object is whole
// in the end.
func TestKilledAnywhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	var bodies [][]byte
	for n := range 6 {
		bodies = append(bodies, bytes.Repeat([]byte{byte('a' + n)}, partLen))
	}
	c := startChild(t, dir, "")
	cl := c.client()
	id := begin(t, cl, "a")
	acknowledged := map[int32]bool{}
	for round := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan map[int32]bool)
		go func() {
			got := map[int32]bool{}
			for n := int32(1); n <= 6 && ctx.Err() == nil; n++ {
				if !acknowledged[n] && sendPart(ctx, cl, "a", id, n, bodies[n-1]) == nil {
					got[n] = true
				}
			}
			done <- got
		}()
		time.Sleep(time.Duration(5+rand.IntN(40)) * time.Millisecond) // any moment will do
		c.kill(t)
		cancel()
		for n := range <-done {
			acknowledged[n] = true
		}
		c = startChild(t, dir, "")
		cl = c.client()
		parts, err := listParts(t.Context(), cl, "a", id)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		listed := map[int32]bool{}
		for _, p := range parts {
			listed[*p.PartNumber] = *p.Size == partLen
		}
		for n := range acknowledged {
			if !listed[n] {
				t.Errorf("round %d: part %d was acknowledged and is lost or short", round, n)
			}
		}
	}
	for n := int32(1); n <= 6; n++ {
		if !acknowledged[n] {
			if err := sendPart(t.Context(), cl, "a", id, n, bodies[n-1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	parts, err := listParts(t.Context(), cl, "a", id)
	if err != nil {
		t.Fatal(err)
	}
	if err := complete(t.Context(), cl, "a", id, parts); err != nil {
		t.Fatal(err)
	}
	c.kill(t)
	_, again := start(t, Config{Dir: dir})
	if got := get(t, again, "a"); !bytes.Equal(got, bytes.Join(bodies, nil)) {
		t.Errorf("%d other bytes", len(got))
	}
}

// TestMendLeftovers: what no kill at a chosen moment makes is laid by hand.
func TestMendLeftovers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	s, c := start(t, Config{Dir: dir})
	id, pending := begin(t, c, "a"), begin(t, c, "b")
	if err := sendPart(t.Context(), c, "a", id, 1, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	parts, err := listParts(t.Context(), c, "a", id)
	if err != nil {
		t.Fatal(err)
	}
	if err := complete(t.Context(), c, "a", id, parts); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	uploads := filepath.Join(dir, "buckets", bucket, uploadsDir)
	// Killed between giving the object its name and removing the parts.
	stuck := filepath.Join(uploads, keyDir("a"), id+".0123-1"+inProgress)
	nameless := filepath.Join(uploads, keyDir("never acknowledged"), "x")
	for _, d := range []string{stuck, nameless} {
		if err := os.MkdirAll(d, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := (meta.XattrMeta{}).StoreAttribute(nil, uploads, keyDir("a"), nameAttr, []byte("a")); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, "buckets", bucket, ".sgwtmp", "0123.456")
	if err := os.WriteFile(temp, []byte("half a body"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, c = start(t, Config{Dir: dir})
	for _, gone := range []string{filepath.Dir(stuck), filepath.Dir(nameless), temp} {
		if _, err := os.Stat(gone); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	if got := get(t, c, "a"); string(got) != "whole" {
		t.Errorf("the object holds %q", got)
	}
	if _, err := listParts(t.Context(), c, "b", pending); err != nil {
		t.Errorf("an upload that waits was lost: %v", err)
	}
}

// TestChildIsQuietAndSmall: nothing but our own line on stdout, nothing on
// stderr; start and idle memory within what the whole product may use.
func TestChildIsQuietAndSmall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	c := startChild(t, dir, "")
	put(t, c.client(), "a", []byte("x"))
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(c.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if out := strings.TrimSpace(string(rest)) + c.stderr.String(); out != "" {
		t.Errorf("it says %q", out)
	}
	t.Logf("ready after %v, %d KB resident", c.Took, c.ResidentKB)
	if c.Took > 2*time.Second || c.ResidentKB > 120*1024 {
		t.Errorf("ready after %v with %d KB", c.Took, c.ResidentKB)
	}
}

// TestSecondProcess: one process at a time has the folder.
func TestSecondProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	c := startChild(t, dir, "")
	_, err := Start(t.Context(), Config{Dir: dir, Bucket: bucket})
	if err == nil || !strings.Contains(fmt.Sprint(err), ErrInUse.Error()) {
		t.Fatalf("started beside another process: %v", err)
	}
	c.kill(t)
	start(t, Config{Dir: dir}) // the lock died with its process
}
