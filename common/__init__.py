"""What every package stands on: base model, problem details, pages, idempotency, keys, storage, clock."""
