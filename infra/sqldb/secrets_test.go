package sqldb_test

import (
	"testing"

	"lenlop/infra/contract"
)

func TestSecrets(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			contract.Secrets(t, func(t *testing.T) contract.SignIns {
				db := open(t)
				return contract.SignIns{People: db.People(), Secrets: db.Secrets(), Directory: db.Secrets()}
			})
		})
	}
}
