//go:build !unix

package pgtest

import "syscall"

// attributes are how a program is started.
func (o owner) attributes(bool) *syscall.SysProcAttr { return nil }
