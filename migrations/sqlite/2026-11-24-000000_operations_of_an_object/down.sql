DROP INDEX operation_object;
