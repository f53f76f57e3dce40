//go:build !amd64

package abi

func indexStops(places *[jsonPlaces]uint16, text []byte, from int) (n, to int) {
	return plainStops(places, text, from)
}

func indexMarks(places *[jsonPlaces]uint16, text []byte, from int) (n, to int, high bool) {
	return plainMarks(places, text, from)
}
