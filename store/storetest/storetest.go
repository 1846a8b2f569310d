// Package storetest is the suite that defines a backend: each line of the
// contract of purse.Store is a subtest whose name says the behaviour. A
// database is good enough for a network if Run passes on it.
//
// The suite uses the store as everybody does, through its exported methods and
// through the use cases of packages wallet and identity. What is really in the
// tables it reads by SQL of its own, so that a mistake of the store's reads does
// not hide one of its writes. Faults are injected through store.Options.
package storetest

import (
	"testing"

	"purse"
	"purse/store"
)

// Database is where a test's network is.
type Database struct {
	Name    string        // a file's path or a postgres:// URL
	Options store.Options // what every store on it is opened with; mode and currency are set by the test
}

// Open makes an empty database for one test. One for a live network must be
// durable, or the store will refuse it.
type Open func(t testing.TB, mode purse.Mode) Database

// Run holds a backend against the contract.
func Run(t *testing.T, open Open) {
	themes := []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Needs", testNeeds},
		{"Sets", testSets},
		{"Refusal", testRefusal},
		{"Panic", testPanic},
		{"Answer", testAnswer},
		{"Transient", testTransient},
		{"Halving", testHalving},
		{"Unknown", testUnknown},
		{"Disk", testDisk},
		{"Bounds", testBounds},
		{"Clock", testClock},
		{"LiveClock", testLiveClock},
		{"Durable", testDurable},
		{"Start", testStart},
		{"Holds", testHolds},
		{"Directory", testDirectory},
		{"Reads", testReads},
		{"Payments", testPayments},
		{"Addresses", testAddresses},
		{"People", testPeople},
		{"Merchants", testMerchants},
		{"Hub", testHub},
		{"Orders", testOrders},
		{"Collisions", testCollisions},
		{"Tidy", testTidy},
		{"Crowd", testCrowd},
		{"Model", testModel},
		{"Servers", testServers},
	}
	for _, theme := range themes {
		t.Run(theme.name, func(t *testing.T) {
			t.Parallel()
			theme.test(t, open)
		})
	}
}
