package sqldb_test

import (
	"testing"

	"lenlop/test/storetest"
)

func TestSecrets(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			storetest.Secrets(t, func(t *testing.T) storetest.SignIns {
				db := open(t)
				return storetest.SignIns{People: db.People(), Secrets: db.Secrets(), Directory: db.Secrets()}
			})
		})
	}
}
