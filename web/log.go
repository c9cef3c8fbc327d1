package web

import (
	"log/slog"
	"net/http"
	"runtime/debug"
)

// level keeps the log quiet: only the server's own faults stand out.
func level(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelDebug
}

func stack() string { return string(debug.Stack()) }
