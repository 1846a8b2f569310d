package pgtest

import "syscall"

// attributes are how a program is started: as the owner and, if it is the
// server, ended by the kernel with the thread that started it. Nothing is left
// to our own clean-up then, which a killed test binary does not reach.
func (o owner) attributes(server bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if o.switched {
		a.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	if server {
		a.Pdeathsig = syscall.SIGQUIT
	}
	return a
}
