package store_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"purse"
	"purse/internal/pgtest"
	"purse/store"
	"purse/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t testing.TB, _ purse.Mode) storetest.Database {
		return storetest.Database{Name: filepath.Join(t.TempDir(), "network", "purse.db")}
	})
}

func TestPostgres(t *testing.T) { storetest.Run(t, postgres(store.Options{})) }

// TestPostgresSerializable: distributed engines that speak PostgreSQL know no
// other level.
func TestPostgresSerializable(t *testing.T) {
	storetest.Run(t, postgres(store.Options{Serializable: true}))
}

func postgres(o store.Options) storetest.Open {
	return func(t testing.TB, mode purse.Mode) storetest.Database {
		url := pgtest.Database(t)
		if mode == purse.Live {
			url = durableDatabase(t)
		}
		return storetest.Database{Name: url, Options: o}
	}
}

// durable is a cluster with PostgreSQL's own settings, which a live network asks
// for. It ends with this process.
var durable = sync.OnceValues(func() (*pgtest.Cluster, error) { return pgtest.Start(pgtest.Options{Durable: true}) })

func durableDatabase(t testing.TB) string {
	t.Helper()
	cluster, err := durable()
	if errors.Is(err, pgtest.ErrNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	url, err := cluster.Database()
	if err != nil {
		t.Fatal(err)
	}
	return url
}
