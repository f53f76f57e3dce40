//go:build !unix

package deadletter

import "os"

// Lock does nothing: there is no such call.
func Lock(*os.File) error { return nil }

func locked(*os.File) bool { return false }

// syncDir does nothing: there is no such call.
func syncDir(string) error { return nil }
