package people

// Account is the account that n asks for, without identifier and password, or
// a Form fault "people.invalid" with fields: for lists that are brought in.
func (n NewPerson) Account() (Person, error) { return n.check() }
