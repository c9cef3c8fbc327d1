package api

import (
	"reflect"
	"strings"

	"lenlop/services/plaintext"
)

// clean leaves out invisible characters (plaintext.Clean) from every string
// that v points to, as forms do. Passwords stay as they are typed.
func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			cleanIn(v)
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(plaintext.Clean(v.String()))
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return // bytes, or JSON read later
		}
		for i := range v.Len() {
			clean(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !strings.Contains(strings.ToLower(f.Name), "password") {
				clean(v.Field(i))
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			x := reflect.New(v.Type().Elem()).Elem()
			x.Set(v.MapIndex(k))
			clean(x)
			v.SetMapIndex(k, x)
		}
	}
}

// cleanIn cleans what a pointer or an interface holds.
func cleanIn(v reflect.Value) {
	in := v.Elem()
	if v.Kind() == reflect.Pointer || in.Kind() == reflect.Pointer {
		clean(in)
		return
	}
	x := reflect.New(in.Type()).Elem()
	x.Set(in)
	clean(x)
	if v.CanSet() {
		v.Set(x)
	}
}
