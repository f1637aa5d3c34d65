DROP INDEX operation_object ON operation;
