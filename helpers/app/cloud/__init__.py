"""What runs away from here: the container, and the Lambda function before a SageMaker endpoint."""
