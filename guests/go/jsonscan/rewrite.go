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
		if s.kind == String || s.kind == Number && w.Numbers {
			if w.replaced(replace) {
				dst = AppendString(append(dst, src[done:s.start]...), w.fresh)
				done = s.pos
			}
		}
	}
	if s.wrong != right {
		return nil, false, s.Err()
	}
	if done == 0 {
		return src, false, nil
	}
	return append(dst, src[done:]...), true, nil
}

// replaced asks replace about the value at hand.
func (w *Rewriter) replaced(replace func(dst, key, text []byte) ([]byte, bool)) (yes bool) {
	s := &w.scan
	key, text := s.Key(), s.src[s.start:s.pos]
	if s.kind == String {
		text = text[1 : len(text)-1]
		if s.escaped {
			if t := Unescape(w.text, text); len(t) != len(text) {
				w.text, text = t, t
			}
		}
	}
	if s.keys[s.at].escaped {
		if k := Unescape(w.key, key); len(k) != len(key) {
			w.key, key = k, k
		}
	}
	w.fresh, yes = replace(w.fresh[:0], key, text)
	return yes
}
