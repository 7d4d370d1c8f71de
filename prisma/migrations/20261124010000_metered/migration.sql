-- AlterTable
ALTER TABLE "sandbox" ADD COLUMN     "metered" JSONB;

-- AlterTable
ALTER TABLE "usage_hour" RENAME COLUMN "ioReadBytes" TO "diskReadBytes";
ALTER TABLE "usage_hour" RENAME COLUMN "ioWriteBytes" TO "diskWriteBytes";
