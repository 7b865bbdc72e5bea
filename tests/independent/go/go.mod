module trustmark.test/verifylog

go 1.19
