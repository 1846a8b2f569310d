//go:build unix && !linux

package pgtest

import "syscall"

// attributes are how a program is started: as the owner. Only the janitor ends
// the server here when this process is killed.
func (o owner) attributes(bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if o.switched {
		a.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return a
}
