package jsonscan

// A Rewriter copies JSON text with some of its strings replaced. It holds
// buffers: use one again and again.
type Rewriter struct {
	Numbers bool // numbers are passed to replace too; a replaced one becomes a string

	scan  Scanner
	key   []byte // without its escapes
	text  []byte // of a string without its escapes
	fresh []byte // what replace has written
}

// Strings passes every string value, not the keys, to replace: its member's
// key and its text, both without escapes. Replace appends the new text to dst
// and returns it and true, or returns false to keep the string. An array's
// strings go by the array's key.
//
// If nothing was replaced, Strings returns src itself and false. Otherwise it
// returns the new JSON text, appended to dst, which must not overlap src, and
// true. An error says that src is not valid.
func (w *Rewriter) Strings(dst, src []byte, replace func(dst, key, text []byte) ([]byte, bool)) ([]byte, bool, error) {
	s := &w.scan
	s.Reset(src)
	done := 0 // src[:done] stands in dst
	for s.Next() {
		v := s.value()
		if v.Kind == String || v.Kind == Number && w.Numbers {
			if w.replaced(v, replace) {
				dst = AppendString(append(dst, src[done:v.At]...), w.fresh)
				done = int(v.At + v.Len)
			}
		}
	}
	if err := s.Err(); err != nil {
		return nil, false, err
	}
	if done == 0 {
		return src, false, nil
	}
	return append(dst, src[done:]...), true, nil
}

// replaced asks replace about a value.
func (w *Rewriter) replaced(v *Entry, replace func(dst, key, text []byte) ([]byte, bool)) (yes bool) {
	src := w.scan.src
	key, text := v.Key(src), []byte(v.Raw(src))
	if v.Kind == String {
		text = text[1 : len(text)-1]
		if v.Flags&Escaped != 0 {
			if t := Unescape(w.text, text); len(t) != len(text) {
				w.text, text = t, t
			}
		}
	}
	if v.Flags&KeyEscaped != 0 {
		if k := Unescape(w.key, key); len(k) != len(key) {
			w.key, key = k, k
		}
	}
	w.fresh, yes = replace(w.fresh[:0], key, text)
	return yes
}
