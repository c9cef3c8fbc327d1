package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/web/signin"
)

type lessonCmd struct {
	Add lessonAddCmd `cmd:"" help:"Make a lesson from a recording: upload, prepare, and with --publish put it on the web."`
}

type lessonAddCmd struct {
	app.Settings
	File        string `arg:"" help:"The recording." type:"existingfile"`
	Title       string `help:"Title." required:""`
	Subject     string `help:"Subject code, for example toan." required:""`
	Grade       int    `help:"Grade, 1 to 12." required:""`
	Week        int    `help:"School week, 1 to 35."`
	Description string `help:"Description."`
	Language    string `help:"Language of the lesson (BCP 47)." default:"vi"`
	Teacher     string `help:"Username of the teacher whose lesson it is; empty: this server's own." placeholder:"USERNAME"`
	Publish     bool   `help:"Submit and approve it; waits until the recording is ready."`
	Wait        bool   `help:"Wait until the recording is ready."`
}

// Run uses the server that has the data folder locked, or serves for as long as
// the lesson takes.
func (c lessonAddCmd) Run(ctx context.Context, out io.Writer) error {
	f, err := app.LockFolder(c.Data)
	if inUse, ok := errors.AsType[*app.InUseError](err); ok {
		client, derr := app.DialControl(ctx, c.Data)
		if derr != nil {
			return fmt.Errorf("%w (its control socket does not answer: %w)", err, derr)
		}
		return c.add(ctx, &remote{client, "http://lenlop"}, inUse.Address(), out)
	}
	if err != nil {
		return err
	}
	defer f.Release()
	return c.alone(ctx, out)
}

// alone serves on loopback for itself and works until the lesson is done.
func (c lessonAddCmd) alone(ctx context.Context, out io.Writer) error {
	if c.LogLevel == "info" {
		c.LogLevel = "warn" // the progress bar is what the person looks at
	}
	a, err := app.New(ctx, app.Config{Settings: c.Settings, Log: c.Logger(), Version: version})
	if err != nil {
		return err
	}
	defer a.Close()
	stopped := make(chan struct{})
	handler, err := a.Handler(stopped)
	if err != nil {
		return err
	}
	srv := httptest.NewServer(signin.AsOperator(handler))
	defer srv.Close()
	defer close(stopped)
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Runner.Run(working) }()
	c.Wait = true // no other process would finish the work
	err = c.add(ctx, &remote{srv.Client(), srv.URL}, c.Address("http://127.0.0.1:8080"), out)
	stop()
	return errors.Join(err, <-ended)
}

// add makes the lesson over the API, as any script would.
func (c lessonAddCmd) add(ctx context.Context, r *remote, address string, out io.Writer) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	var l lessonState
	in := map[string]any{"title": c.Title, "subject": c.Subject, "grade": c.Grade, "description": c.Description,
		"language": c.Language}
	if c.Week != 0 {
		in["week"] = c.Week
	}
	if c.Teacher != "" {
		in["teacher"] = c.Teacher
	}
	if err := r.call(ctx, "POST", "/lessons", in, &l); err != nil {
		return err
	}
	bar := newProgressBar()
	if err := c.upload(ctx, r, l.ID, f, st.Size(), bar); err != nil {
		bar.end()
		return err
	}
	if c.Publish {
		if err := r.call(ctx, "POST", "/lessons/"+l.ID+"/submit", nil, &l); err != nil {
			bar.end()
			return err
		}
	}
	if c.Publish || c.Wait {
		if l, err = c.follow(ctx, r, l.ID, bar); err != nil {
			bar.end()
			return err
		}
	}
	bar.end()
	if c.Publish {
		if err := r.call(ctx, "POST", "/lessons/"+l.ID+"/approve", nil, &l); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s/lessons/%s\n", address, l.ID)
	return nil
}

// upload sends the recording part by part; a part that fails is sent again.
func (c lessonAddCmd) upload(
	ctx context.Context, r *remote, id string, f *os.File, size int64, bar *progressBar,
) error {
	var u struct {
		ID        string `json:"id"`
		PartSize  int64  `json:"partSize"`
		PartCount int    `json:"partCount"`
	}
	in := map[string]any{"filename": filepath.Base(c.File), "size": size}
	if err := r.call(ctx, "POST", "/lessons/"+id+"/uploads", in, &u); err != nil {
		return err
	}
	for n := 1; n <= u.PartCount; n++ {
		off := int64(n-1) * u.PartSize
		var err error
		for try := range 4 {
			part := io.NewSectionReader(f, off, min(u.PartSize, size-off))
			if err = r.part(ctx, u.ID, n, part); err == nil || ctx.Err() != nil {
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second << try):
			}
		}
		if err != nil {
			return fmt.Errorf("part %d of the recording: %w", n, err)
		}
		bar.show("upload", float64(n)/float64(u.PartCount))
	}
	return r.call(ctx, "POST", "/uploads/"+u.ID+"/complete", nil, nil)
}

// follow shows progress until the recording is ready or failed.
func (c lessonAddCmd) follow(ctx context.Context, r *remote, id string, bar *progressBar) (lessonState, error) {
	for {
		var l lessonState
		if err := r.call(ctx, "GET", "/lessons/"+id, nil, &l); err != nil {
			return l, err
		}
		switch l.Media.State {
		case "ready":
			bar.show("prepare", 1)
			return l, nil
		case "failed":
			if l.Failure != nil {
				return l, fmt.Errorf("the recording was refused (%s): %s", l.Failure.Code, l.Failure.Detail)
			}
			return l, errors.New("the recording was refused")
		}
		bar.show("prepare", l.Media.Fraction)
		select {
		case <-ctx.Done():
			return l, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// lessonState is what the command reads of a lesson.
type lessonState struct {
	ID    string `json:"id"`
	Media struct {
		State    string  `json:"state"`
		Fraction float64 `json:"fraction"`
	} `json:"media"`
	Failure *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"failure"`
}

// remote is a server's API.
type remote struct {
	client *http.Client
	base   string
}

// call sends and reads JSON; a problem document becomes an error a person can read.
func (r *remote) call(ctx context.Context, method, path string, in, into any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Language", "en")
	res, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if res.StatusCode >= 300 {
		var p struct {
			Detail string `json:"detail"`
			Errors []struct {
				Field   string `json:"field"`
				Message string `json:"message"`
			} `json:"errors"`
		}
		if json.Unmarshal(raw, &p) != nil || p.Detail == "" {
			return fmt.Errorf("server answered %s to %s %s", res.Status, method, path)
		}
		for _, e := range p.Errors {
			p.Detail += "\n  " + e.Field + ": " + e.Message
		}
		return errors.New(p.Detail)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// part sends one part to the address the server signed for it.
func (r *remote) part(ctx context.Context, upload string, n int, body *io.SectionReader) error {
	var signed struct {
		Parts []struct {
			Method  string            `json:"method"`
			URL     string            `json:"url"`
			Headers map[string]string `json:"headers"`
		} `json:"parts"`
	}
	in := map[string]any{"numbers": []int{n}}
	if err := r.call(ctx, "POST", "/uploads/"+upload+"/parts", in, &signed); err != nil {
		return err
	}
	if len(signed.Parts) != 1 {
		return errors.New("the server gave no address for the part")
	}
	p := signed.Parts[0]
	req, err := http.NewRequestWithContext(ctx, p.Method, p.URL, body)
	if err != nil {
		return err
	}
	req.ContentLength = body.Size()
	for k, v := range p.Headers {
		req.Header.Set(k, v)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return fmt.Errorf("storage answered %s: %s", res.Status, why)
	}
	return nil
}
